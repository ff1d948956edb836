//! Compresses the web app and writes the table of its files; without `dist/`, the placeholder takes its place.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let (dist, placeholder) = (here.join("dist"), here.join("placeholder"));
    // Cargo can only watch what is there.
    let _ = fs::create_dir_all(&dist);
    for path in [&dist, &placeholder, &here.join("build.rs")] {
        println!("cargo::rerun-if-changed={}", path.display());
    }

    let root = if dist.join("index.html").is_file() { dist } else { placeholder };
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let mut assets: Vec<_> = files.into_iter().filter_map(|file| Some((name(&root, &file)?, file))).collect();
    assets.sort();

    let mut table = String::from("&[\n");
    for (index, (name, file)) in assets.iter().enumerate() {
        entry(&mut table, &out.join(format!("asset-{index}")), name, file)?;
    }
    table += "]\n";
    fs::write(out.join("assets.rs"), table)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else if entry.path().extension().is_none_or(|extension| extension != "map") {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The path under which a file is served.
fn name(root: &Path, file: &Path) -> Option<String> {
    let parts: Option<Vec<_>> = file.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(format!("/{}", parts?.join("/")))
}

fn entry(table: &mut String, draft: &Path, name: &str, file: &Path) -> io::Result<()> {
    let bytes = fs::read(file)?;
    let hash: String = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let (kind, compressible) = kind(name);
    let smaller = |packed: &Vec<u8>| compressible && packed.len() * 20 < bytes.len() * 19;
    let mut packed = String::new();
    for (coding, suffix, data) in [("br", "br", brotli(&bytes)?), ("gzip", "gz", gzip(&bytes)?)] {
        if smaller(&data) {
            let path = draft.with_extension(suffix);
            fs::write(&path, data)?;
            write!(
                packed,
                "Form {{ coding: {coding:?}, etag: {:?}, bytes: include_bytes!({path:?}) }}, ",
                format!("\"{hash}-{suffix}\"")
            )
            .map_err(io::Error::other)?;
        }
    }
    let etag = format!("\"{hash}\"");
    writeln!(
        table,
        "Asset {{ path: {name:?}, kind: {kind:?}, immutable: {}, packed: &[{packed}], plain: Form {{ coding: \"identity\", etag: {etag:?}, bytes: include_bytes!({file:?}) }} }},",
        is_hashed(name),
    )
    .map_err(io::Error::other)
}

/// Whether the name holds a hash of the content, as in `/assets/index-Bx3_k9Zq.js`.
fn is_hashed(name: &str) -> bool {
    let stem =
        name.strip_prefix("/assets/").and_then(|file| file.split_once('.')).map_or("", |(stem, _)| stem);
    let Some((label, hash)) = stem.len().checked_sub(9).and_then(|at| stem.split_at_checked(at)) else {
        return false;
    };
    !label.is_empty()
        && hash.starts_with('-')
        && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// The content type, and whether it is worth compressing.
fn kind(name: &str) -> (&'static str, bool) {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "json" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "ico" => ("image/x-icon", true),
        "wasm" => ("application/wasm", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "avif" => ("image/avif", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

fn is_release() -> bool {
    env::var("PROFILE").is_ok_and(|profile| profile == "release")
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let level = if is_release() { Compression::best() } else { Compression::default() };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(mut bytes: &[u8]) -> io::Result<Vec<u8>> {
    let quality = if is_release() { 11 } else { 5 };
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut packed, &parameters)?;
    Ok(packed)
}
