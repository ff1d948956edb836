//! Packs the OpenAPI document.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    println!("cargo::rerun-if-changed={document}");
    let packed = miniz_oxide::deflate::compress_to_vec(&fs::read(document)?, 9);
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("openapi.json.deflate"), packed)
}
