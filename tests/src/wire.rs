//! Requests over a socket, one connection each, nothing mended on the way.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why no answer came.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Sends a request to an address.
pub(crate) async fn exchange(
    address: &str,
    mut request: Request<Bytes>,
) -> Result<Response<Incoming>, Broken> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    if !request.headers().contains_key(header::HOST) {
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(address)?);
    }
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request.map(Full::new)).await?)
}
