package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.modelassay.ModelUnderTest;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.Filter;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Selections by the tag of {@link QuantizedModel}, by the launcher itself, which finds what the product registers. */
class TagSelectionTest {
    private static final String TAG = "quantized-model";

    @Retention(RetentionPolicy.RUNTIME)
    @QuantizedModel("fixture:tiny-llama")
    @interface Llama {}

    static class OnAParameter {
        @Test
        void test(@QuantizedModel("fixture:tiny-llama") ModelUnderTest model) {}

        @Test
        void other() {}
    }

    static class OnAParameterComposed {
        @ParameterizedTest
        @ValueSource(ints = 1)
        void test(int number, @Llama ModelUnderTest model) {}
    }

    static class BeforeEachTest {
        @BeforeEach
        void prepare(@Llama ModelUnderTest model) {}

        @Nested
        class Inner {
            @Test
            void test() {}
        }
    }

    static class InAConstructor {
        InAConstructor(@Llama ModelUnderTest model) {}

        @Test
        void test() {}
    }

    @QuantizedModel("fixture:tiny-llama")
    static class OnTheClass {
        @Test
        void test(ModelUnderTest model) {}

        @Test
        void other(@QuantizedModel("fixture:tiny-qwen2") ModelUnderTest model) {}
    }

    static class OnTheMethod {
        @Test
        @Llama
        void test(ModelUnderTest model) {}

        @Test
        @Tag(TAG)
        void tagged(@Llama ModelUnderTest model) {}
    }

    private static List<String> selected(Class<?> test, Filter<?>... filters) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(test))
                .filters(filters)
                .build();
        Launcher launcher = LauncherFactory.create();
        TestPlan plan = launcher.discover(request);
        return plan.getRoots().stream()
                .flatMap(root -> Stream.concat(Stream.of(root), plan.getDescendants(root).stream()))
                .filter(found -> found.isTest() || found.getDisplayName().contains("ModelUnderTest"))
                .map(TestIdentifier::getLegacyReportingName)
                .sorted()
                .toList();
    }

    @ParameterizedTest
    @ValueSource(classes = {OnAParameter.class, OnAParameterComposed.class, BeforeEachTest.class, InAConstructor.class})
    void aSelectionThatWouldPassItOverFails(Class<?> test) {
        for (String expression : new String[] {TAG, TAG + " | slow", TAG + " & !slow"}) {
            assertThatThrownBy(() -> selected(test, TagFilter.includeTags(expression)))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("selected by the tag quantized-model")
                    .hasMessageContaining(test.getName())
                    .hasMessageContaining("Try: @QuantizedModel on the method or the class");
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {OnAParameter.class, OnAParameterComposed.class, BeforeEachTest.class, InAConstructor.class})
    void aSelectionThatLeavesTheTagOutLeavesItOut(Class<?> test) {
        int all = selected(test).size();
        assertThat(selected(test, TagFilter.excludeTags(TAG)))
                .hasSize(test == OnAParameter.class ? 1 : 0)
                .hasSizeLessThan(all);
    }

    @Test
    void otherSelectionsAreLeftAlone() {
        assertThat(selected(OnAParameter.class)).hasSize(2);
        assertThat(selected(OnAParameter.class, TagFilter.includeTags("slow"))).isEmpty();
        assertThat(selected(OnAParameter.class, TagFilter.excludeTags("slow"))).hasSize(2);
    }

    @Test
    void testsThatHaveTheTagAreSelected() {
        assertThat(selected(OnTheClass.class, TagFilter.includeTags(TAG))).hasSize(2);
        assertThat(selected(OnTheMethod.class, TagFilter.includeTags(TAG))).hasSize(2);
        assertThat(selected(OnTheClass.class, TagFilter.excludeTags(TAG))).isEmpty();
        assertThat(selected(OnTheMethod.class, TagFilter.excludeTags(TAG))).isEmpty();
    }
}
