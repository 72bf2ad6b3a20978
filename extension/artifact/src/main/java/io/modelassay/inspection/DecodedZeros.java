package io.modelassay.inspection;

import io.modelassay.quantization.PackedWeight;
import java.util.BitSet;
import org.apiguardian.api.API;

/** Finds the rows and columns of a quantized weight that decode to zeros alone. Whoever can decode implements it. */
@API(status = API.Status.INTERNAL)
@FunctionalInterface
public interface DecodedZeros {
    /** Decodes {@code weight}, of shape [out features, in features], and looks at every value. */
    Channels in(PackedWeight weight);

    /**
     * Channels of zeros.
     *
     * @param rows indexes of rows, the out features, all of whose values are 0
     * @param columns indexes of columns, the in features, all of whose values are 0
     */
    record Channels(BitSet rows, BitSet columns) {}
}
