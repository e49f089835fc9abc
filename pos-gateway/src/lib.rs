//! Deadline, forwarding and the last-resort answer between tills and engine
