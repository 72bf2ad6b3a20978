package io.modelassay.junit;

import io.modelassay.LoadSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What a test asked for, from an annotation or from the builder, checked before anything is opened. */
record ModelSpec(
        String location,
        Optional<Quantization> quantization,
        String reference,
        Device device,
        DType dtype,
        String sha256,
        WhenMissing whenMissing,
        String origin) {

    /** Checks what can be checked without a file. */
    ModelSpec {
        if (location.isBlank()) {
            throw new ConfigurationException(origin + ": value = \"" + location + "\" names no artifact");
        }
        if (!sha256.isEmpty() && !sha256.matches("[0-9a-f]{64}")) {
            throw new ConfigurationException(
                    origin + ": sha256 = \"" + sha256 + "\" is not 64 hexadecimal digits in lower case");
        }
    }

    static ModelSpec of(QuantizedModel annotation, String place) {
        String origin = "@QuantizedModel on " + place;
        Quantize[] quantize = annotation.quantize();
        if (quantize.length > 1) {
            throw new ConfigurationException(origin + ": quantize names " + quantize.length
                    + " quantizations; for one test each take @EachQuantization");
        }
        return new ModelSpec(
                annotation.value(),
                quantize.length == 0 ? Optional.empty() : Optional.of(QuantizeReader.read(quantize[0], place)),
                annotation.reference(),
                annotation.device(),
                annotation.dtype(),
                annotation.sha256(),
                annotation.whenMissing(),
                origin);
    }

    ModelSpec quantizedAs(Quantization variant) {
        if (quantization.isPresent()) {
            throw new ConfigurationException(origin + ": quantize = " + quantization.get()
                    + ", while @EachQuantization names others; keep one of the two");
        }
        return new ModelSpec(location, Optional.of(variant), reference, device, dtype, sha256, whenMissing, origin);
    }

    /** What is named and not there. */
    Optional<String> missing(Class<?> test) {
        return Stream.of(location, reference)
                .filter(named -> !named.isEmpty())
                .filter(named -> ArtifactLocation.find(named, test).isEmpty())
                .findFirst();
    }

    LoadSettings settings(Class<?> test) {
        LoadSettings settings =
                LoadSettings.of(existing(location, test)).on(device).computingIn(dtype);
        if (!reference.isEmpty()) {
            settings = settings.against(existing(reference, test));
        }
        return quantization.map(settings::quantize).orElse(settings);
    }

    private Path existing(String named, Class<?> test) {
        return ArtifactLocation.find(named, test)
                .orElseThrow(() -> new ConfigurationException(
                        "No artifact \"" + named + "\", which " + origin + " names" + "\n  looked for "
                                + ArtifactLocation.described(named),
                        "the path from the module's folder, or whenMissing = WhenMissing.SKIP"));
    }
}
