-- Version 3: where species stand in the system of animals.

-- "lineage" has the names of class, order, family, genus and species, joined with ";", as far down as they are known:
-- "mammalia;carnivora;felidae;panthera;leo".
CREATE TABLE lineages (
    species_id INTEGER PRIMARY KEY REFERENCES species (id),
    lineage TEXT NOT NULL
);
