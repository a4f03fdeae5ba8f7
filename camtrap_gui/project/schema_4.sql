-- Crops that a backbone looks at somewhere else, given out in ranges, so that nobody else looks at them meanwhile.
CREATE TABLE crop_leases (
    id INTEGER PRIMARY KEY,
    features TEXT NOT NULL,         -- the folder below features/ in which is kept what comes back
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    holder TEXT NOT NULL,           -- as in leases
    expires TEXT NOT NULL
);

-- Of what is said on millions of pictures nearly all came with them, and nobody looks for that by its author.
DROP INDEX labels_by_author;
CREATE INDEX labels_by_author ON labels (author, image_id) WHERE author NOT IN ('import', 'folder');

-- For taking crops, boxes and detections away: without these every row that goes has all of the others read.
CREATE INDEX predictions_by_crop ON predictions (crop_id);
CREATE INDEX crops_by_detection ON crops (detection_id) WHERE detection_id IS NOT NULL;
CREATE INDEX crops_by_box ON crops (box_id) WHERE box_id IS NOT NULL;
