// The test helpers of an application for Supabase.
import { createClient } from "@supabase/supabase-js";

export const testSupabase = createClient(
  process.env.SUPABASE_URL || "http://127.0.0.1:54341",
  process.env.SUPABASE_SERVICE_ROLE_KEY || "..."
);

export async function createTestUser() {
  const { data } = await testSupabase.auth.admin.createUser({
    email: `test-${Date.now()}@example.com`,
    password: "testpassword123",
    email_confirm: true,
  });
  return data.user;
}

export async function cleanupTestUser(userId: string) {
  await testSupabase.auth.admin.deleteUser(userId);
}
