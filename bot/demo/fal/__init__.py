"""A local double of fal's queue: submit, status, result, cancel, signed webhooks, and the shapes its failures have.

Its judge is the real fal-client 1.0.3 (tests/demo/test_demo_fal_client.py). A render advances by being looked at, so
no test waits: `looks_in_queue` looks say IN_QUEUE, `looks_in_progress` more say IN_PROGRESS, then it is COMPLETED,
whichever way it ends.
"""

from bot.demo.fal.queue import FalQueue, FalRender
from bot.demo.fal.service import running_fal

__all__ = ["FalQueue", "FalRender", "running_fal"]
