"""What ingest hands to the owner: deliveries, segments, rejects and manifests; and what people decided. Files that are only ever added.

Belongs here: the records' form, how they are written so that a crash never leaves half of one, and how they
are read. Does not belong here: how lines become rows (`pipelines.feeds`), when files are taken
(`pipelines.ingest`), what rows mean (`pipelines.owner`).

`spool/deliveries/<delivery_id>.json` is written when a file is first seen, `spool/segments/<feed>/<unit_id>.parquet`
and `spool/rejects/<unit_id>.parquet` when a unit of it has been parsed, and `spool/manifests/<unit_id>.json` last:
a unit is there when its manifest is there. `spool/decisions/<batch_id>.json` is what people decided in one act.
"""

from pipelines.spool.records import Delivery, Manifest, Origin, UnitRange, delivery_id_of, unit_id_of
from pipelines.spool.store import Spool

__all__ = ["Delivery", "Manifest", "Origin", "Spool", "UnitRange", "delivery_id_of", "unit_id_of"]
