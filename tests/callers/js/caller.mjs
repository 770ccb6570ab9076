// Prints who STS says we are, with credentials of the profile named on the command line, obtained as any program on
// the AWS SDK for JavaScript v3 obtains them: `node caller.mjs PROFILE`.
//
// Prints one JSON object {"Arn": …, "Account": …}; on failure the error goes to stderr, exit 1.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";

const [profile] = process.argv.slice(2);
if (!profile) {
  console.error("usage: caller.mjs PROFILE");
  process.exit(2);
}
try {
  const sts = new STSClient({ profile, credentials: fromIni({ profile }) });
  const { Arn, Account } = await sts.send(new GetCallerIdentityCommand({}));
  console.log(JSON.stringify({ Arn, Account }));
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exit(1);
}
