-- Version 3: where species stand in the system of animals.

-- "lineage" has the names of class, order, family, genus and species, joined with ";", as far down as they are known:
-- "mammalia;carnivora;felidae;panthera;leo".
CREATE TABLE lineages (
    species_id INTEGER PRIMARY KEY REFERENCES species (id),
    lineage TEXT NOT NULL
);

-- Images from "first" to "last" that a detector looks at in another process, until "expires" (UTC) at the latest.
CREATE TABLE leases (
    id INTEGER PRIMARY KEY,
    detector_id INTEGER NOT NULL REFERENCES detectors (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    holder TEXT NOT NULL,           -- the process that gave it out and keeps what comes back, as in jobs
    expires TEXT NOT NULL
);

-- For looking through what a run said, the surest or the least sure first, a page at a time.
CREATE INDEX predictions_by_confidence ON predictions (run_id, confidence);

-- For counting crops by camera without reading them: twenty bytes a crop.
CREATE INDEX crops_by_location ON crops (location, split, species_id);
