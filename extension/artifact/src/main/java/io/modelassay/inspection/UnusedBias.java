package io.modelassay.inspection;

import org.apiguardian.api.API;

/**
 * A bias that is stored for a module whose architecture has none, so that loaders warn of it and drop it.
 *
 * @param name the tensor
 * @param module the module
 * @param count number of values
 * @param finite whether no value is NaN or infinite
 * @param absMax largest finite magnitude
 */
@API(status = API.Status.EXPERIMENTAL)
public record UnusedBias(String name, String module, long count, boolean finite, double absMax) {
    /** Whether dropping it changes nothing: every value is zero. */
    public boolean isBenign() {
        return finite && absMax == 0;
    }
}
