package io.modelassay.quantization;

import org.apiguardian.api.API;

/**
 * How AWQ goes about it, beyond bits and groups.
 *
 * @param duoScaling whether the weights' magnitudes enter the scales beside those of the inputs
 * @param grid ratios that are tried: 0, 1/grid, 2/grid and so on below 1
 * @param clips whether each group's range is then shrunk to where its output error is least
 */
@API(status = API.Status.EXPERIMENTAL)
public record AwqSettings(boolean duoScaling, int grid, boolean clips) implements MethodSettings {
    /** AutoAWQ's defaults. */
    public static final AwqSettings DEFAULT = new AwqSettings(true, 20, true);

    /** @throws IllegalArgumentException for a grid of no ratio */
    public AwqSettings {
        if (grid < 1) {
            throw new IllegalArgumentException("AWQ tries at least one ratio, not " + grid);
        }
    }

    /** The same with scales from the inputs alone. */
    public AwqSettings withoutDuoScaling() {
        return new AwqSettings(false, grid, clips);
    }

    /** The same with every group's range as it is. */
    public AwqSettings withoutClipping() {
        return new AwqSettings(duoScaling, grid, false);
    }

    @Override
    public String method() {
        return AwqMethod.NAME;
    }
}
