package io.modelassay.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/** An adapter of the fixtures with what PEFT recorded of it. */
record AdapterTruth(Path folder, JsonNode json) {
    /** gpt-oss has no forward pass here. */
    private static final String WITHOUT_FORWARD_PASS = "lora-target-parameters-moe";

    /** Names of the adapters whose base has a forward pass. */
    static List<String> names() {
        return PeftAdapter.inFolder(Fixtures.path("adapters")).stream()
                .map(folder -> folder.getFileName().toString())
                .filter(name -> !name.equals(WITHOUT_FORWARD_PASS))
                .toList();
    }

    static AdapterTruth of(String name) {
        Path folder = Fixtures.path("adapters/" + name);
        try {
            return new AdapterTruth(
                    folder,
                    new ObjectMapper().readTree(folder.resolve("adapter.json").toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    JsonNode truth() {
        return json.path("truth");
    }

    Path base() {
        return Fixtures.path(json.path("base").textValue());
    }

    ModelUnderTest openBase(DType dtype) {
        return ModelAssay.open(base()).on(Device.CPU).computingIn(dtype).load();
    }

    int[] tokens() {
        String base = json.path("base").textValue();
        return Truths.firstTokens(base.equals("quantized/bnb-nf4-double") ? "tiny-qwen2" : base);
    }
}
