//! One WebSocket to a relay.

use bytes::Bytes;
use js_sys::{ArrayBuffer, Uint8Array};
use proofroom_web_desk::SocketEvent;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BinaryType, MessageEvent, WebSocket};

/// A socket that tells `to` what happens; dropping it closes the connection quietly.
pub(crate) struct Socket {
    socket: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(JsValue)>,
}

impl Socket {
    pub(crate) fn open(url: &str, to: impl Fn(SocketEvent) + Clone + 'static) -> Result<Self, JsValue> {
        let socket = WebSocket::new(url)?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let tell = to.clone();
        let opened = Closure::<dyn FnMut()>::new(move || tell(SocketEvent::Up));
        let tell = to.clone();
        let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // The protocol is binary: anything else is not for us.
            if let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() {
                tell(SocketEvent::Frame(Bytes::from(Uint8Array::new(&buffer).to_vec())));
            }
        });
        let closed = Closure::<dyn FnMut(JsValue)>::new(move |_| to(SocketEvent::Down));
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self { socket, _opened: opened, _message: message, _closed: closed })
    }

    /// Queues a frame. A socket that is gone says so itself.
    pub(crate) fn send(&self, frame: &[u8]) {
        let _gone = self.socket.send_with_u8_array(frame);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _closed_already = self.socket.close();
    }
}
