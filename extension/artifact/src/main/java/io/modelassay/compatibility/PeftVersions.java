package io.modelassay.compatibility;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.NearestNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** The versions of PEFT whose behaviour is known: {@code peft-configs.json}, extracted, and {@code peft-rules.json}. */
final class PeftVersions {
    private static final ModelConfig CONFIGS = read("peft-configs.json");
    private static final ModelConfig RULES = read("peft-rules.json");
    private static final List<PeftVersion> ALL = CONFIGS.strings("versions").stream()
            .map(version -> new PeftVersion(LibraryVersion.of(version), CONFIGS, RULES))
            .toList();

    private PeftVersions() {}

    private static ModelConfig read(String name) {
        try (InputStream in = Objects.requireNonNull(PeftVersions.class.getResourceAsStream(name), name)) {
            return ModelConfig.parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In ascending order. */
    static List<PeftVersion> all() {
        return ALL;
    }

    /** The version itself, else the known one of the same minor release. */
    static Optional<PeftVersion> find(LibraryVersion wanted) {
        return ALL.stream()
                .filter(known -> wanted.isRelease() && known.version().hasSameMinor(wanted))
                .findFirst();
    }

    /** What may have been meant by a method that no version has. */
    static String nearestMethod(String peftType) {
        List<String> near = NearestNames.of(
                peftType.toUpperCase(Locale.ROOT), CONFIGS.object("types").keysInFileOrder(), 1);
        return "correct peft_type in adapter_config.json"
                + (near.isEmpty() ? "" : "; did you mean " + near.get(0) + "?");
    }

    /** The method by the name of any version. */
    static boolean isMethod(String peftType) {
        return CONFIGS.object("types").has(peftType);
    }
}
