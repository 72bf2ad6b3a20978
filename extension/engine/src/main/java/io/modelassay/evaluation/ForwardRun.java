package io.modelassay.evaluation;

import io.modelassay.runtime.Activations;
import io.modelassay.runtime.Tensor;
import java.util.List;

/**
 * A finished forward pass.
 *
 * @param last hidden states after the final norm
 * @param layerSamples each layer's output at the first positions of the first window, float32
 */
record ForwardRun(Activations last, List<Tensor> layerSamples) implements AutoCloseable {
    @Override
    public void close() {
        last.close();
        layerSamples.forEach(Tensor::close);
    }
}
