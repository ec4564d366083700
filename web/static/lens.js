// The lens in a worker: one look, then the page ends it.
import init, { look } from './{{LENS}}';

const ready = init({ module_or_path: new URL('./{{WASM}}', import.meta.url) });
onmessage = async ({ data }) => {
  try {
    await ready;
    const [seen, picture] = look(data.ask, data.files);
    postMessage([seen, picture], picture ? [picture.buffer] : []);
  } catch (error) {
    // Told as an error of the worker.
    setTimeout(() => { throw error; });
  }
};
