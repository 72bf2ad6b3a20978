package io.modelassay.quantizer;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * How the quantization of one module went.
 *
 * @param module name of the module
 * @param bits bits of its codes
 * @param groupSize input channels (or values of a block) that share a scale, -1 for one group
 * @param tokens rows of input that were seen
 * @param loss what the method minimizes, per token (AWQ: per value of the output of the block or module); 0 where it
 *     minimizes nothing
 * @param outputError squared error of the module's output as a share of the squared output, over the calibration
 *     (of large modules over some outputs, spread evenly); for
 *     methods without one that of the weight, as if all inputs were alike
 * @param damping share of the mean of the Hessian's diagonal that was added to it; 0 for methods without
 * @param diagonalFloor what was added to the diagonal before, since no damping was enough; 0 where one was
 * @param fallback what was done instead of the method asked for, by its name in {@link Fallback}, or nothing
 * @param ratio the ratio that AWQ's scales of the inputs come from, or null where there are none
 */
@API(status = API.Status.EXPERIMENTAL)
public record ModuleReport(
        String module,
        int bits,
        int groupSize,
        long tokens,
        double loss,
        double outputError,
        double damping,
        double diagonalFloor,
        String fallback,
        @Nullable Double ratio) {
    ModuleReport(
            String module,
            int bits,
            int groupSize,
            long tokens,
            double loss,
            double outputError,
            double damping,
            double diagonalFloor,
            String fallback) {
        this(module, bits, groupSize, tokens, loss, outputError, damping, diagonalFloor, fallback, null);
    }
}
