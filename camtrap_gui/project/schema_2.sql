-- Version 2: what a person says about pictures, and what a machine suggests to look at first.

ALTER TABLE images ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;  -- 1: a person wants to come back to it

-- Where a label comes from: "author" says who, these say when, and, where a suggestion was accepted, whose and how sure.
ALTER TABLE labels ADD COLUMN made TEXT;        -- UTC; NULL for what an import brought
ALTER TABLE labels ADD COLUMN run_id TEXT;      -- outlives the run
ALTER TABLE labels ADD COLUMN confidence REAL;

-- The same for boxes.
ALTER TABLE boxes ADD COLUMN made TEXT;
ALTER TABLE boxes ADD COLUMN detection_id INTEGER;  -- the detection it was made from; outlives it
ALTER TABLE boxes ADD COLUMN run_id TEXT;
ALTER TABLE boxes ADD COLUMN confidence REAL;

-- 1: a person said that something is there, so it is no static object however often it repeats.
ALTER TABLE detections ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX detections_rejected ON detections (id) WHERE rejected;

-- A species that was merged into another one stays, so that its name and old predictions still mean something, but is
-- in no class list any more.
ALTER TABLE species ADD COLUMN merged_into INTEGER REFERENCES species (id);

-- Other names a species is found by.
CREATE TABLE aliases (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    species_id INTEGER NOT NULL REFERENCES species (id)
) WITHOUT ROWID;

-- Crops that a later decision took out of the data set (their picture is empty, their box was moved). They come back
-- when the decision is undone, and go for good with the next crop step. Columns as in crops, but bound to nothing.
CREATE TABLE set_aside (
    id INTEGER PRIMARY KEY,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    species_id INTEGER NOT NULL,
    detection_id INTEGER,
    box_id INTEGER,
    location TEXT NOT NULL,
    split TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,
    left INTEGER NOT NULL, top INTEGER NOT NULL, right INTEGER NOT NULL, bottom INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX set_aside_by_image ON set_aside (image_id);

-- What the review step found out about each animal the detector found. Rows of an older model are replaced one batch
-- after the other.
CREATE TABLE suggestions (
    detection_id INTEGER PRIMARY KEY REFERENCES detections (id) ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    run_id TEXT NOT NULL,           -- '' while there is no classifier
    species_id INTEGER REFERENCES species (id),  -- the likeliest; NULL without a classifier
    confidence REAL,                -- of the likeliest, 0..1
    margin REAL,                    -- by how much it is likelier than the second
    top TEXT,                       -- as in predictions
    made_with TEXT NOT NULL DEFAULT '',   -- hash of the model, the backbone and the padding it was made with
    features BLOB NOT NULL DEFAULT x'',   -- key of the animal's vector in the store of features
    teaches INTEGER,                -- place in the order that teaches most first
    alike INTEGER                   -- place in an order where like animals lie beside each other
);
CREATE INDEX suggestions_by_image ON suggestions (image_id);
CREATE INDEX suggestions_by_species ON suggestions (species_id, image_id);
CREATE INDEX suggestions_by_margin ON suggestions (margin, image_id);
CREATE INDEX suggestions_by_teaching ON suggestions (teaches, image_id) WHERE teaches IS NOT NULL;
CREATE INDEX suggestions_by_likeness ON suggestions (alike, image_id);

-- What classifiers that had not seen a crop's camera said about it (out of fold): the likelier wrong, the higher the score.
CREATE TABLE doubts (
    crop_id INTEGER PRIMARY KEY REFERENCES crops (id) ON DELETE CASCADE,
    image_id INTEGER NOT NULL,
    label_id INTEGER NOT NULL,      -- the species the crop had then; a doubt about another one is settled
    species_id INTEGER NOT NULL,    -- what they said
    given REAL NOT NULL,            -- the confidence they gave the label, 0..1
    confidence REAL NOT NULL,       -- and what they said
    score REAL NOT NULL,
    alike INTEGER
);
CREATE INDEX doubts_by_score ON doubts (score);
CREATE INDEX doubts_by_image ON doubts (image_id);

ALTER TABLE runs ADD COLUMN promoted TEXT;      -- when a person made it the current one, UTC

-- Filters a person wants to use again.
CREATE TABLE searches (name TEXT PRIMARY KEY, filter TEXT NOT NULL) WITHOUT ROWID;

-- The process that does the job, as text that no other process on any machine has had.
ALTER TABLE jobs ADD COLUMN process TEXT;

CREATE INDEX images_flagged ON images (id) WHERE flagged;
CREATE INDEX labels_by_author ON labels (author, image_id);

-- A row of changes may tell of many rows of one table that changed alike: "key" is then a JSON array of the columns that
-- are written of, "before" and "after" are arrays of arrays of their values, NULL where the rows did not exist. A JSON
-- object in "key" is one row as version 1 wrote it.
ALTER TABLE changes ADD COLUMN rows INTEGER NOT NULL DEFAULT 1;
ALTER TABLE edits ADD COLUMN recut INTEGER NOT NULL DEFAULT 0;  -- 1: crops were made anew since, so their changes are void
CREATE INDEX changes_that_deleted_boxes ON changes (id) WHERE "table" = 'boxes' AND after IS NULL;
CREATE INDEX edits_undone ON edits (id) WHERE undone = 1;
CREATE INDEX edits_by_time ON edits (made);
CREATE INDEX edits_by_author ON edits (author);
CREATE INDEX labels_by_time ON labels (made, author, species_id) WHERE made IS NOT NULL;
