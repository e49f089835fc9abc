//! Follows the outcome feed
