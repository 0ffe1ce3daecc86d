-- What the set of events means, for sums. Times are UTC as text (they sort), days are local, units are base units.

create table movements (                -- grain: one movement, both ends
    no integer primary key,
    event text not null,                -- readable key of the event that posted it
    kind text not null,
    item text not null,
    named text not null,                -- the item that the line named: of a merged one its old code
    from_location text not null, from_state text,   -- the state is null at a virtual location
    to_location text not null, to_state text,
    owner text not null,                -- '': ourselves
    lot text not null,                  -- '': none
    units integer not null check (units > 0),
    occurred_at text not null,
    business_on text not null,
    reverses integer references movements,
    document_kind text, document_id text, document_line text,   -- of a receipt from transit: the notice's
    transit_to text,                    -- in transit: where the goods are going
    channel text
);

create view legs as                     -- grain: one end of a movement
    select no, 1 as leg_no, kind, item, named, from_location as location, from_state as state, owner, lot, -units as delta, occurred_at, business_on from movements
    union all
    select no, 2, kind, item, named, to_location, to_state, owner, lot, units, occurred_at, business_on from movements;

create table facts (                    -- grain: event × item, of everything that says more than a movement
    event text not null, feed text not null, kind text not null,
    item text not null, units integer not null,
    location text, channel text, supplier text,
    occurred_at text not null, business_on text not null,
    document_kind text, document_id text, document_line text,
    ref_document_kind text, ref_document_id text, ref_document_line text,
    reason text
);

create table locations (location text primary key, kind text);          -- as they stand now
create table networks (channel text not null, location text not null);  -- the places that serve a channel, as they stand now

create table fates (                    -- grain: one row of a delivery
    uri text not null, feed text not null, line_no integer not null,
    status text not null check (status in ('accepted', 'duplicate', 'corrected', 'quarantined')),
    reason text, is_waiting integer not null
);
create table deliveries (uri text not null, feed text not null, rows_in integer not null);
