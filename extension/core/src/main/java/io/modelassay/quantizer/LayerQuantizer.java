package io.modelassay.quantizer;

import io.modelassay.runtime.StagedDecoder;
import org.apiguardian.api.API;

/** A method that quantizes the modules of a stage when the forward pass has come to it. One file a method. */
@API(status = API.Status.INTERNAL)
public interface LayerQuantizer extends AutoCloseable {
    /** Quantizes the modules of {@code stage} that {@code result} asks for, and puts what they decode to in their place. */
    void quantize(StagedDecoder.Stage stage, LayerResult result);

    /**
     * Quantizes the head, if the method has one for it.
     *
     * @throws UnsupportedOperationException if it has none
     */
    default void quantize(StagedDecoder.Head head, LayerResult result) {
        throw new UnsupportedOperationException("No head is quantized by this method");
    }

    @Override
    void close();
}
