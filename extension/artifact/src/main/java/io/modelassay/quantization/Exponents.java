package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.List;

/** Scales that are exponents of a byte (E8M0), under the label of an integer or of their own. */
final class Exponents {
    /** The one byte that is no exponent. */
    private static final byte NAN = (byte) 0xFF;

    private Exponents() {}

    /** {@code scale-non-finite} where {@code scale} holds a NaN; the scan of stored floats sees only those labelled F8_E8M0. */
    static List<Finding> findings(TensorInfo scale, Checkpoint checkpoint) {
        if (scale.type() != TensorType.U8) {
            return List.of();
        }
        ByteBuffer bytes = checkpoint.map(scale);
        long count = 0;
        while (bytes.hasRemaining()) {
            count += bytes.get() == NAN ? 1 : 0;
        }
        return count == 0
                ? List.of()
                : List.of(new Finding(
                        "scale-non-finite",
                        Severity.ERROR,
                        scale.name(),
                        count + " of " + scale.shape().elementCount() + " scales are NaN, the exponent 0xFF",
                        "quantize the model again; look at the step that wrote this module"));
    }
}
