"""What the standard library's log records consist of by themselves; everything else on one is a caller's fact."""

import logging

PARTS_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
