//! The billing and feed services over accounts and storage
