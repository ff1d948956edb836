//! Every case against the binary as it ships, over a socket.

host_conformance::host_conformance!(host_conformance::binary::memory());
