package io.modelassay.compatibility;

import io.modelassay.checkpoint.ModelConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
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

    /** The method by the name of any version. */
    static boolean isMethod(String peftType) {
        return CONFIGS.object("types").has(peftType);
    }
}
