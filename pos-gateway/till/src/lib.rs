//! Client library for tills: mints ids, retries with the same id, own last answer
