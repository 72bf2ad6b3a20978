package io.modelassay.diagnosis;

import org.apiguardian.api.API;

/**
 * The largest magnitude of an operation's results in fp32.
 *
 * @param layer index of the layer, -1 for embedding and final norm
 * @param largest largest finite magnitude
 * @param place where it is
 */
@API(status = API.Status.EXPERIMENTAL)
public record OperationRange(int layer, double largest, Place place) {
    /** The largest finite value of float16. */
    public static final double HALF_MAX = 65504;

    /** How many times larger it could be in float16. */
    public double headRoom() {
        return HALF_MAX / largest;
    }

    /** The same in powers of two; negative beyond float16. */
    public double headRoomBits() {
        return Math.log(headRoom()) / Math.log(2);
    }

    OperationRange larger(OperationRange other) {
        return other.largest > largest ? other : this;
    }
}
