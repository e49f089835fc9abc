//! Attribute keys: 64 bits for each `name = value`, so that matching compares integers.

use std::hash::{BuildHasherDefault, Hasher};

use compact_str::CompactString;

/// The name under which an article number is an attribute.
pub(crate) const SKU: &str = "sku";
/// The name under which every depth of the category path is an attribute.
pub(crate) const CATEGORY: &str = "category";

/// The first 64 bits of BLAKE3 over `name NUL value`. Equal keys are a hint, equal texts the proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct AttributeKey(u64);

impl AttributeKey {
    pub(crate) fn of(name: &str, value: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(name.as_bytes());
        hasher.update(&[0]);
        hasher.update(value.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        Self(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// One property that a product has or a selector asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Property {
    pub(crate) key: AttributeKey,
    pub(crate) name: CompactString,
    pub(crate) value: CompactString,
}

impl Property {
    pub(crate) fn new(name: &str, value: &str) -> Self {
        Self { key: AttributeKey::of(name, value), name: CompactString::from(name), value: CompactString::from(value) }
    }

    /// Whether both are the same property: keys first, then the texts that prove it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.key == other.key && self.name == other.name && self.value == other.value
    }
}

/// A hash map by attribute key; it is only looked up, its order never shows.
pub(crate) type KeyMap<V> = std::collections::HashMap<AttributeKey, V, BuildHasherDefault<KeyHasher>>;

/// Takes the key as its own hash, since it is one.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
