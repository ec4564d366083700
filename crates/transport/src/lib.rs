//! Bytes between peers: WebSocket frames.
