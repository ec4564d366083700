(async () => {
  const bytes = Uint8Array.from(atob(MODULE), (c) => c.charCodeAt(0));
  await wasm_bindgen({ module_or_path: bytes });
  const at = (id) => document.getElementById(id);
  const [certificate, handed, believed, relay, result, drop] = ['certificate', 'handed', 'believed', 'relay', 'result', 'drop'].map(at);
  const authorities = new wasm_bindgen.Believed();
  let checked = null;
  let shown = null;
  const read = async (file) => new Uint8Array(await file.arrayBuffer());
  const look = async (file) => {
    result.textContent = 'Checking…';
    await new Promise((done) => setTimeout(done));
    shown = file;
    checked = authorities.check(await read(file));
    result.innerHTML = checked.html;
    result.dataset.holds = String(checked.holds);
    at('compared').replaceChildren();
    at('compare').hidden = false;
  };
  certificate.addEventListener('change', () => certificate.files[0] && look(certificate.files[0]));
  handed.addEventListener('change', async () => {
    for (const file of handed.files) {
      const line = document.createElement('li');
      const good = checked.certifies(await read(file));
      line.className = good ? 'compared good' : 'compared bad';
      line.textContent = `${file.name} ${good ? 'is a certified file, byte for byte' : 'is NO certified file'}`;
      at('compared').append(line);
    }
  });
  const say = (good, text) => {
    const line = document.createElement('li');
    line.className = good ? 'compared good' : 'compared bad';
    line.textContent = text;
    at('authorities').append(line);
  };
  believed.addEventListener('change', async () => {
    for (const file of believed.files) {
      try {
        const count = authorities.add(await read(file));
        say(true, `You believe ${file.name}: ${count === 1 ? 'one certificate' : `${count} certificates`}`);
      } catch (error) {
        say(false, `${file.name}: ${error}`);
      }
    }
    if (shown) await look(shown);
  });
  relay.addEventListener('change', async () => {
    try {
      authorities.add_relay(relay.value);
      say(true, `You believe the relay ${relay.value.trim()}`);
      relay.value = '';
    } catch (error) {
      say(false, `${relay.value}: ${error}`);
    }
    if (shown) await look(shown);
  });
  drop.addEventListener('dragover', (event) => { event.preventDefault(); drop.classList.add('over'); });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const [file] = event.dataTransfer.files;
    if (file) look(file);
  });
  certificate.disabled = false;
})();
