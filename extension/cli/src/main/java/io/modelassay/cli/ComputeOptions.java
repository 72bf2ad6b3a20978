package io.modelassay.cli;

import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import picocli.CommandLine.Option;

/** Where and in which type a forward pass computes, as options of a verb. */
final class ComputeOptions {
    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "auto",
            description = "Compute type: fp32, bf16, fp16, or auto (the config's; the default).")
    private DType dtype = DType.AUTO;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "cpu, gpu, or auto (a GPU where there is one; the default).")
    private Device device = Device.AUTO;

    DType dtype() {
        return dtype;
    }

    Device device() {
        return device;
    }
}
