"""The local video service: `/v1/videos` in three variants, real films, webhooks, and bad luck on a dial."""

from bot.demo.videos.calls import Call, Operation
from bot.demo.videos.dialects import Variant
from bot.demo.videos.job import Job, JobStatus
from bot.demo.videos.service import LocalVideos
from bot.demo.videos.switches import Switch

__all__ = ["Call", "Job", "JobStatus", "LocalVideos", "Operation", "Switch", "Variant"]
