package io.modelassay.quantizer;

import io.modelassay.runtime.Tensor;
import java.util.Map;

/** The parts of every quantized module of a model, and the parameters that a method changed beside them, in one pass. */
interface QuantizedParts {
    /** Takes the parts in; tensors stay the giver's. */
    interface Receiver {
        /** The parts of {@code module}, under their names within it. */
        void module(String module, Map<String, Tensor> parts);

        /** The new value of {@code parameter}. */
        void changed(String parameter, Tensor value);
    }

    void into(Receiver receiver);
}
