-- One survey. Boxes are x, y (left, top), width, height as fractions 0..1 of the upright picture. Times are ISO 8601;
-- "taken" is the camera's own clock and carries no zone, all other times are UTC.

-- Folders that image paths start from.
CREATE TABLE roots (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);

-- What the folders below a root are called after ("{location}/{species}"), as the person who imports them said.
CREATE TABLE folder_rules (root_id INTEGER PRIMARY KEY REFERENCES roots (id), rule TEXT NOT NULL);

CREATE TABLE locations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    whole INTEGER NOT NULL DEFAULT 0  -- 1: the source wrote it as a whole number, not as text
);

-- Bursts. Their names are told apart by image root, as two sources may both count from 1.
CREATE TABLE sequences (
    id INTEGER PRIMARY KEY,
    root_id INTEGER REFERENCES roots (id),
    name TEXT NOT NULL              -- unique within the root
);

-- What a label can say. "position" keeps the order of the source, which is the order of every class list.
CREATE TABLE species (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, position INTEGER NOT NULL);

CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,              -- id in the source file, or the path: what another file calls this image; unique in its root
    root_id INTEGER NOT NULL REFERENCES roots (id),
    path TEXT NOT NULL,             -- below the root, forward slashes
    location_id INTEGER REFERENCES locations (id),
    sequence_id INTEGER REFERENCES sequences (id),
    frame INTEGER,                  -- place in its sequence, as the source counts
    frames INTEGER,                 -- length of its sequence, as the source says
    taken TEXT,
    width INTEGER,                  -- upright pixels: of the file once it was checked, before that as the source says
    height INTEGER,
    extra TEXT,                     -- other fields of the source, JSON; any of them can be a location key
    checked INTEGER NOT NULL DEFAULT 0,  -- 1 once the file itself was looked at
    problem TEXT,                   -- why the picture cannot be used
    reviewed TEXT                   -- when a person last decided about this image; imports leave its labels alone
);
CREATE UNIQUE INDEX images_by_path ON images (root_id, path);
CREATE INDEX images_by_location ON images (location_id);
CREATE INDEX images_by_sequence ON images (sequence_id);
CREATE INDEX images_by_time ON images (taken);
CREATE INDEX images_with_problem ON images (id) WHERE problem IS NOT NULL;
CREATE INDEX images_reviewed ON images (id) WHERE reviewed IS NOT NULL;

CREATE TABLE labels (
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    species_id INTEGER NOT NULL REFERENCES species (id),
    count INTEGER,
    sequence_level INTEGER NOT NULL DEFAULT 0,  -- 1: said of the whole sequence, may be wrong for this frame
    author TEXT NOT NULL DEFAULT 'import',      -- 'import', 'folder', or a person
    PRIMARY KEY (image_id, species_id)
) WITHOUT ROWID;
CREATE INDEX labels_by_species ON labels (species_id, image_id);

-- Boxes a person drew, or that came with the source: taken as complete for their image.
CREATE TABLE boxes (
    id INTEGER PRIMARY KEY,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    species_id INTEGER REFERENCES species (id),
    x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    author TEXT NOT NULL DEFAULT 'import'
);
CREATE INDEX boxes_by_image ON boxes (image_id);

CREATE TABLE detectors (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    typical_threshold REAL NOT NULL,
    conservative_threshold REAL NOT NULL,
    used TEXT NOT NULL              -- when it was last set to work on this project
);

-- Which images a detector has seen, with the reason where it could not.
CREATE TABLE detected (
    detector_id INTEGER NOT NULL REFERENCES detectors (id) ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    problem TEXT,
    PRIMARY KEY (detector_id, image_id)
) WITHOUT ROWID;

CREATE TABLE detections (
    id INTEGER PRIMARY KEY,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    detector_id INTEGER NOT NULL REFERENCES detectors (id) ON DELETE CASCADE,
    category TEXT NOT NULL,         -- 'animal', 'person', 'vehicle', or the detector's own word
    confidence REAL NOT NULL,
    x REAL NOT NULL, y REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL,
    rejected INTEGER NOT NULL DEFAULT 0  -- 1: a person said that nothing is there
);
CREATE INDEX detections_by_image ON detections (image_id, detector_id);

-- The data set that training sees: made by the crop step, always as a whole.
CREATE TABLE crops (
    id INTEGER PRIMARY KEY,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    species_id INTEGER NOT NULL REFERENCES species (id),
    detection_id INTEGER REFERENCES detections (id) ON DELETE SET NULL,
    box_id INTEGER REFERENCES boxes (id) ON DELETE SET NULL,
    location TEXT NOT NULL,         -- value of the location key the split was made by
    split TEXT NOT NULL CHECK (split IN ('train', 'val', 'test')),
    file TEXT NOT NULL UNIQUE,      -- below crops/, forward slashes
    left INTEGER NOT NULL, top INTEGER NOT NULL, right INTEGER NOT NULL, bottom INTEGER NOT NULL,  -- upright pixels
    sha256 TEXT NOT NULL            -- of the crop file
);
CREATE INDEX crops_by_split ON crops (split, species_id);
CREATE INDEX crops_by_image ON crops (image_id);

-- Every crop file that may be on disk, with what it was cut from, so that only what changed is cut again. Runs ahead of
-- crops while the crop step works.
CREATE TABLE crop_files (
    file TEXT PRIMARY KEY,          -- as in crops
    recipe BLOB,                    -- digest of source file, box and padding; NULL: not written yet
    left INTEGER, top INTEGER, right INTEGER, bottom INTEGER,
    bytes INTEGER,
    sha256 TEXT
) WITHOUT ROWID;

-- Images the last crop step left out, and why.
CREATE TABLE left_out (
    image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    reason TEXT NOT NULL
);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,            -- name of its folder below runs/
    started TEXT NOT NULL,
    finished TEXT,
    state TEXT NOT NULL,            -- 'running', 'done', 'stopped'
    preset TEXT NOT NULL,
    backbone TEXT NOT NULL,
    data_hash TEXT NOT NULL,        -- of class list, split and crops it was trained on
    figures TEXT,                   -- JSON: best validation figures, later the evaluation's
    predicted_with TEXT             -- hash of the model that made this run's predictions
);

CREATE TABLE predictions (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    crop_id INTEGER NOT NULL REFERENCES crops (id) ON DELETE CASCADE,
    species_id INTEGER NOT NULL REFERENCES species (id),
    confidence REAL NOT NULL,
    top TEXT NOT NULL,              -- JSON: [[species name, confidence], ...] descending
    PRIMARY KEY (run_id, crop_id)
) WITHOUT ROWID;

-- What a step met and passed over that belongs to no image row (a duplicate record, an unknown category).
CREATE TABLE problems (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    subject TEXT NOT NULL,          -- file, record id, ...
    reason TEXT NOT NULL
);

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    step TEXT NOT NULL,
    options TEXT NOT NULL,
    started TEXT NOT NULL,
    finished TEXT,
    state TEXT NOT NULL,            -- 'running', 'done', 'cancelled', 'failed', 'interrupted'
    result TEXT,
    error TEXT
);

-- Human decisions: one edit of any size, undoable after a restart.
CREATE TABLE edits (
    id INTEGER PRIMARY KEY,
    made TEXT NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    edit_id INTEGER NOT NULL REFERENCES edits (id) ON DELETE CASCADE,
    "table" TEXT NOT NULL,
    key TEXT NOT NULL,              -- JSON object: primary key columns
    before TEXT,                    -- JSON object, NULL: the row did not exist
    after TEXT                      -- JSON object, NULL: the row exists no more
);
CREATE INDEX changes_by_edit ON changes (edit_id);
