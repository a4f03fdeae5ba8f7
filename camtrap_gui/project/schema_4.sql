-- Crops that a backbone looks at somewhere else, given out in ranges, so that nobody else looks at them meanwhile.
CREATE TABLE crop_leases (
    id INTEGER PRIMARY KEY,
    features TEXT NOT NULL,         -- the folder below features/ in which is kept what comes back
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    holder TEXT NOT NULL,           -- as in leases
    expires TEXT NOT NULL
);
