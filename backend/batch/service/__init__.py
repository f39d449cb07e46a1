"""Every change of state of batches and tasks. Each function here is a verb that runs in one transaction of the caller's.

Lock order, in all of them: slot, task, account, batch, ledger.
"""

WORK = "work"
"""Topic: something may be claimable now."""

FEED = "feed"
"""Topic: rows were added to `batch_events`."""

ENDED = "ended"
"""Topic: a batch has ended, and whoever watches it should hear of that at once."""
