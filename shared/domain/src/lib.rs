//! Ids, entities, roles and problems: the words that the rest is written in.
