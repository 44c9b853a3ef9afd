// Runs in the audio thread: gathers its quanta of 128 samples into blocks for the page, and nothing else.

class Capture extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.size = options.processorOptions.blockSamples;
    this.block = new Float32Array(this.size);
    this.filled = 0;
  }

  process(inputs) {
    const channels = inputs[0];
    const count = channels.length ? channels[0].length : 128; // without channels nothing is connected: silence
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.block[this.filled++] = channels.length ? sum / channels.length : 0;
      if (this.filled === this.size) {
        const message = { samples: this.block, endFrame: currentFrame + i + 1 };
        this.port.postMessage(message, [this.block.buffer]);
        this.block = new Float32Array(this.size);
        this.filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("capture", Capture);
