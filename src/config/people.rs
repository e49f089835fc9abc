//! The people of a configuration: `[[people]]`, each with name, key and roles.

use tessera_contract::signing::PublicKey;
use tessera_engine::programs::people::{Person, Role};
use toml::Value;

/// The name of the list in the file.
pub(super) const PEOPLE: &str = "people";

/// How the list stands in the reference page.
pub(super) const REFERENCE: &str = "
# Who may change the programs: one [[people]] for each person, at the end of the file; none: changes are unsigned, and
# taken from this machine alone. A marketer publishes; an approver agrees to what another person published, where a
# program says `four_eyes: true`; both take back and roll back; finance corrects accounts. `tessera person new NAME` makes a key and prints these
# lines. Not in the environment.
#
# [[people]]
# name = \"Anna Example\"
# key = \"ed25519:…\"
# roles = [\"marketer\", \"approver\"]
";

/// Reads the list; each fault is told with its place.
pub(super) fn read(value: &Value, origin: &str, faults: &mut Vec<String>) -> Vec<Person> {
    let Some(items) = value.as_array() else {
        faults.push(format!("{PEOPLE} ({origin}): must be a list, each person under [[people]]"));
        return Vec::new();
    };
    let read = |(place, item): (usize, &Value)| person(item, &format!("{PEOPLE}[{place}]"), origin, faults);
    (1_usize..).zip(items).filter_map(read).collect()
}

fn person(item: &Value, name: &str, origin: &str, faults: &mut Vec<String>) -> Option<Person> {
    let Some(table) = item.as_table() else {
        faults.push(format!("{name} ({origin}): must be a table with name, key and roles"));
        return None;
    };
    for key in table.keys().filter(|key| !["name", "key", "roles"].contains(&key.as_str())) {
        faults.push(format!("{name}.{key} ({origin}): there is no such setting; a person has name, key and roles"));
    }
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let person_name = text("name");
    if person_name.is_none() {
        faults.push(format!("{name}.name ({origin}): must be a text"));
    }
    let key = text("key").and_then(PublicKey::parse);
    if key.is_none() {
        faults.push(format!("{name}.key ({origin}): must be a public key as `tessera person new` prints it, ed25519:…"));
    }
    let roles = table.get("roles").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let roles: Option<Vec<Role>> = roles.iter().map(|role| Role::parse(role.as_str()?)).collect();
    let roles = roles.filter(|roles| !roles.is_empty());
    if roles.is_none() {
        faults.push(format!("{name}.roles ({origin}): must be a list of marketer, approver, finance"));
    }
    Some(Person { name: person_name?.to_owned(), key: key?, roles: roles? })
}
