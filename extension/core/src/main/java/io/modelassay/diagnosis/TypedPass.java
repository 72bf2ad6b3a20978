package io.modelassay.diagnosis;

import io.modelassay.runtime.DType;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * What a forward pass in one type met.
 *
 * @param dtype the compute type
 * @param beyondHalf the first value that float16 cannot hold
 * @param nonFinite the first NaN or infinity
 */
@API(status = API.Status.EXPERIMENTAL)
public record TypedPass(DType dtype, Optional<Place> beyondHalf, Optional<Place> nonFinite) {
    /** Whether every value is finite and within float16. */
    public boolean isClean() {
        return beyondHalf.isEmpty() && nonFinite.isEmpty();
    }
}
