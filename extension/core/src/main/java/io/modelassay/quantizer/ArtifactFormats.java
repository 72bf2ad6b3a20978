package io.modelassay.quantizer;

import io.modelassay.checkpoint.Providers;
import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Quantization;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/** Every layout that can be written, by its name. */
@API(status = API.Status.EXPERIMENTAL)
public final class ArtifactFormats {
    private static final List<ArtifactFormat> ALL = Providers.of(ArtifactFormat.class, ArtifactFormat::name);

    private ArtifactFormats() {}

    /** The names of the layouts. */
    public static List<String> names() {
        return ALL.stream().map(ArtifactFormat::name).toList();
    }

    /** @throws IllegalArgumentException if there is no such layout */
    static ArtifactFormat named(String name) {
        return find(name)
                .orElseThrow(() -> new InvalidRequestException(
                        "There is no format " + name, "one of " + String.join(", ", names())));
    }

    private static Optional<ArtifactFormat> find(String name) {
        return ALL.stream().filter(known -> known.name().equals(name)).findFirst();
    }

    /** The first layout of the method's own list that holds {@code quantization}. */
    static ArtifactFormat own(Quantization quantization) {
        return quantization.method().formats().stream()
                .flatMap(name -> find(name).stream())
                .filter(format -> refusal(format, quantization).isEmpty())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No format stores " + quantization.label()));
    }

    /** Why {@code format} cannot hold {@code quantization}, or nothing. */
    static String refusal(ArtifactFormat format, Quantization quantization) {
        return quantization.method().formats().contains(format.name())
                ? format.refusal(quantization)
                : "stores " + format.content();
    }
}
