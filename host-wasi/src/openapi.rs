//! The OpenAPI document as it stands in `docs/`, packed: to make it from the handlers takes half a megabyte of code.

use axum::body::Bytes;

const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflate"));

/// The document as every host serves it.
pub(crate) fn document() -> Bytes {
    // Packed by the build: it is whole.
    miniz_oxide::inflate::decompress_to_vec(PACKED).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_that_of_the_other_hosts() {
        assert_eq!(super::document(), scheduler_core::rest::document());
    }
}
