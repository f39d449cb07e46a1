"""The ledger over the wire."""

from typing import Literal

from pydantic import Field

from backend.web.schemas import Out, Time


class CreditEntryOut(Out):
    """One line of a user's ledger. The deltas of all lines add up to the user's spendable credits."""

    id: int
    delta: int = Field(description="Change of the spendable balance: hold −price, capture 0, release +price.")
    balance: int = Field(description="Spendable credits after this line.")
    kind: Literal["grant", "hold", "capture", "release", "adjust"]
    queue_id: int | None
    task_id: int | None
    reason: str
    created_at: Time
