package io.modelassay.adapter;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;

/** A stored matrix of floats, read by rows. */
@API(status = API.Status.INTERNAL)
public final class FloatMatrix {
    private static final Set<TensorType> TYPES =
            Set.of(TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.F64);
    private static final int HALF_MANTISSA = 10;

    private final Checkpoint checkpoint;
    private final TensorInfo tensor;
    private final int width;

    private FloatMatrix(Checkpoint checkpoint, TensorInfo tensor) {
        this.checkpoint = checkpoint;
        this.tensor = tensor;
        this.width = tensor.type().bits() / 8;
    }

    /** The matrix of that name; empty if it is absent, no matrix, or of a type that is not plain floats. */
    public static Optional<FloatMatrix> of(Checkpoint checkpoint, String name) {
        return Optional.ofNullable(checkpoint.tensors().get(name))
                .filter(found -> found.shape().rank() == 2 && TYPES.contains(found.type()) && found.byteLength() > 0)
                .map(found -> new FloatMatrix(checkpoint, found));
    }

    /** Number of rows. */
    public int rows() {
        return Math.toIntExact(tensor.shape().dimension(0));
    }

    /** Number of columns. */
    public int columns() {
        return Math.toIntExact(tensor.shape().dimension(1));
    }

    /** Its type. */
    public TensorType type() {
        return tensor.type();
    }

    /** The values of one row. */
    public float[] row(int row) {
        ByteBuffer bytes = checkpoint
                .map(tensor, (long) row * columns() * width, columns() * width)
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[columns()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.type()) {
                case F64 -> (float) bytes.getDouble();
                case F32 -> bytes.getFloat();
                case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
                default -> half(bytes.getShort());
            };
        }
        return values;
    }

    /** The value as this matrix's type holds it. */
    public float rounded(float value) {
        return switch (tensor.type()) {
            case BF16 -> roundedToBfloat16(value);
            case F16 -> roundedToHalf(value);
            default -> value;
        };
    }

    private static float roundedToBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = bits + 0x7FFF + ((bits >>> 16) & 1);
        return Float.isFinite(value) ? Float.intBitsToFloat(rounded & 0xFFFF0000) : value;
    }

    private static float roundedToHalf(float value) {
        if (value == 0 || !Float.isFinite(value)) {
            return value;
        }
        int exponent = Math.max(Math.getExponent(value), -14);
        float unit = Math.scalb(1f, exponent - HALF_MANTISSA);
        return (float) (Math.rint((double) value / unit) * unit);
    }

    private static float half(short code) {
        int exponent = (code >> HALF_MANTISSA) & 0x1F;
        int mantissa = code & 0x3FF;
        float magnitude = exponent == 0
                ? Math.scalb((float) mantissa, -24)
                : exponent == 31
                        ? (mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN)
                        : Math.scalb((float) (mantissa | 0x400), exponent - 25);
        return code < 0 ? -magnitude : magnitude;
    }
}
