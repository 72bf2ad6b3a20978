package io.modelassay;

import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.file.Path;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * Everything that decides what a loaded model computes, and nothing else: the key under which models are shared.
 *
 * @param folder the checkpoint's folder, absolute and normalized
 * @param quantization what is applied after loading, if anything
 * @param reference folder of the unquantized twin of an already quantized artifact, if there is one
 * @param device the device asked for
 * @param dtype the compute type asked for
 */
@API(status = API.Status.EXPERIMENTAL)
public record LoadSettings(
        Path folder, Optional<Quantization> quantization, Optional<Path> reference, Device device, DType dtype) {
    /** The artifact in {@code folder} as it is stored, on the device and in the compute type that fit. */
    public static LoadSettings of(Path folder) {
        return new LoadSettings(normalized(folder), Optional.empty(), Optional.empty(), Device.AUTO, DType.AUTO);
    }

    private static Path normalized(Path folder) {
        return folder.toAbsolutePath().normalize();
    }

    /** With {@code quantization} applied. */
    public LoadSettings quantize(Quantization applied) {
        return new LoadSettings(folder, Optional.of(applied), reference, device, dtype);
    }

    /** Compared with the checkpoint in {@code other}. */
    public LoadSettings against(Path other) {
        return new LoadSettings(folder, quantization, Optional.of(normalized(other)), device, dtype);
    }

    /** On {@code chosen}. */
    public LoadSettings on(Device chosen) {
        return new LoadSettings(folder, quantization, reference, chosen, dtype);
    }

    /** Computing in {@code chosen}. */
    public LoadSettings computingIn(DType chosen) {
        return new LoadSettings(folder, quantization, reference, device, chosen);
    }

    /** The model that this one is compared with: the reference, or the same checkpoint unquantized. */
    LoadSettings referenceSettings() {
        return new LoadSettings(reference.orElse(folder), Optional.empty(), Optional.empty(), device, dtype);
    }
}
