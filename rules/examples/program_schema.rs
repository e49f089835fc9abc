//! Prints the JSON Schema of a program file; its output is `rules/schema/program.schema.json`.
#![expect(clippy::print_stdout, reason = "the schema is the output")]

fn main() {
    print!("{}", tessera_rules::schema::program_schema());
}
